"""Reading prices out of what others publish, and laying books side by side."""
