"""Every query of the dashboards, by name: a module for each of them, and one for the variables."""
