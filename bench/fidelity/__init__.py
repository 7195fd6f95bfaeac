"""How true the alerts are: simulated lifecycles, the exporter's pages of them, and a judgement."""
