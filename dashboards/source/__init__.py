"""What generates the dashboards; `make dashboards` writes them again."""
