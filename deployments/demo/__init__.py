"""The demo: small apps as git repositories, and visitors that use them."""
