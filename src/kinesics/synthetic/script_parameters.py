"""Numbers of scripts in coefficients that no footage tells, each with its unit and source in ``script_parameters.csv``."""

import csv

from kinesics.io.package_data import package_file

with package_file("kinesics.synthetic", "script_parameters.csv").open(newline="", encoding="utf-8") as _file:
    #: {parameter: value}, in the units of the table.
    PARAMETERS = {row["parameter"]: float(row["value"]) for row in csv.DictReader(_file)}
