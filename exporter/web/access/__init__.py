"""Who may ask: the web config file, basic authentication, and the guard before the application.

May use `listener`, whose TLS settings the file holds; no route and no metric may enter.
"""
