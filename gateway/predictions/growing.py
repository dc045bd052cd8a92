"""The rows of one version that are no file yet."""

from collections.abc import Sequence
from io import BytesIO

import msgspec
from arro3.core import RecordBatch, Table
from arro3.io import write_parquet

from contract import Interface
from gateway.batching import Prediction
from gateway.predictions.columns import Layout
from gateway.predictions.kept import Kept

CONTRACT = "bentogate.contract"
"""The contract of the version that answered is in the metadata of each file, so a file can be read by itself."""

MOST_BATCHES = 64
"""So many are put together into one: a batch of thirty features takes 47 KB beside its rows, and ten come a second."""


class Growing:
    """Hold rows of a contract as columns; `since` is monotonic."""

    def __init__(self, contract: Interface, leave_out: Sequence[str], since: float) -> None:
        self.contract = contract
        self.layout = Layout(contract, leave_out)
        self.since = since
        self.batches: list[RecordBatch] = []
        self.rows = 0

    def add(self, kept: Sequence[tuple[Kept, Prediction]]) -> None:
        """Add requests of the same features, which fit the layout."""
        batch = self.layout.batch(kept)
        self.batches.append(batch)
        self.rows += batch.num_rows
        if len(self.batches) >= MOST_BATCHES:
            self.batches = Table.from_batches(self.batches).combine_chunks().to_batches()

    @property
    def values(self) -> int:
        """Count the values of all rows."""
        return self.rows * len(self.layout.schema)

    def parquet(self) -> bytes:
        """Give all of it as a file, made in memory: where a write fails, on a full disk, arro3 panics past handlers."""
        about = {CONTRACT: msgspec.json.encode(self.contract).decode()}
        # Without the schema in Arrow's own form, which would have the contract once more and tells readers nothing new.
        table, file = Table.from_batches(self.batches), BytesIO()
        write_parquet(
            table,
            file,
            compression="zstd(1)",
            column_dictionary_enabled={(name,): wanted for name, wanted in self.layout.dictionaries.items()},
            key_value_metadata=about,
            skip_arrow_metadata=True,
        )
        return file.getvalue()
