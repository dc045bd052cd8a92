"""The report on a trained model: one HTML file that needs nothing else."""

from training.report.write import write_report

__all__ = ["write_report"]
