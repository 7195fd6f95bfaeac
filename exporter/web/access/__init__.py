"""Who may ask: the web config file, basic authentication, and the guard before the application."""
