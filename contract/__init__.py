"""What a model takes and gives: the types, their JSON form, and the one checker of records."""

from contract.batch import join, part, picked
from contract.check import MOST_FAULTS, Fault, record_faults
from contract.check_columns import table_faults
from contract.compare import TOLERANCE, Difference, differences
from contract.contract import Card, Contract, Measure, Provenance, Task
from contract.decision import ByLargest, ByThreshold, Decision
from contract.decode import MOST_ROWS, RecordDecoder
from contract.diff import Change, changes
from contract.feature import MATRIX_NAME, ContractError, Feature, Kind, Output, Value
from contract.interface import NAME_PATTERN, Interface
from contract.metadata import model_metadata, properties, tensor_metadata
from contract.refused import InvalidRecords, MalformedBody, TooManyRows
from contract.scores import InvalidOutput, answer, raw_scores
from contract.table import Columns, Reads, Table, columns_to_records, pack
from contract.tensors import table_from_tensors, tensors_of_table
from contract.terms import Terms
from contract.trusted import TRUSTED_TYPES
from contract.union import union_of_features

__all__ = [
    "MATRIX_NAME",
    "MOST_FAULTS",
    "MOST_ROWS",
    "NAME_PATTERN",
    "TOLERANCE",
    "TRUSTED_TYPES",
    "ByLargest",
    "ByThreshold",
    "Card",
    "Change",
    "Columns",
    "Contract",
    "ContractError",
    "Decision",
    "Difference",
    "Fault",
    "Feature",
    "Interface",
    "InvalidOutput",
    "InvalidRecords",
    "Kind",
    "MalformedBody",
    "Measure",
    "Output",
    "Provenance",
    "Reads",
    "RecordDecoder",
    "Table",
    "Task",
    "Terms",
    "TooManyRows",
    "Value",
    "answer",
    "changes",
    "columns_to_records",
    "differences",
    "join",
    "model_metadata",
    "pack",
    "part",
    "picked",
    "properties",
    "raw_scores",
    "record_faults",
    "table_faults",
    "table_from_tensors",
    "tensor_metadata",
    "tensors_of_table",
    "union_of_features",
]
