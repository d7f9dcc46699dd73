"""How fast a quarter moves: launches and decisions over HTTP, beside a bare workflow of the same shape."""
