"""Pages for people: server-rendered, readable without a script. `routes.py` lists them."""

from api.pages.errors import refusal_page

__all__ = ["refusal_page"]
