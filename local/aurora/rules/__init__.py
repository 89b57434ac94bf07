"""What RDS accepts: parameters, engine versions, and the errors it answers with."""
