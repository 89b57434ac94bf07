"""Where every API call arrives: the endpoint, and the gate that judges, delays and breaks it."""
