"""One index of shared documents and weekly updates."""
