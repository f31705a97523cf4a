"""How fast the parts are, and how fast the whole is; one function a row of figures."""
