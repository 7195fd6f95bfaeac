"""How much the exporter costs, measured against what it cannot do without."""
