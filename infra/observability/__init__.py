"""What shows how the pipeline is doing: alarms, dashboard and saved queries."""
