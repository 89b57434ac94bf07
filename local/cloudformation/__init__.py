"""Deploys a synthesized template into the local cloud."""
