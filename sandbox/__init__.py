"""An authority over HTTP that speaks the API of the real one: only a base URL tells them apart."""
