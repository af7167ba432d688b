"""SecuryFlex: shifts, GPS check-ins and payments of security guards."""

VERSION = "v2"
