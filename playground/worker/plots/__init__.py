"""Matplotlib as a program sees it here: the calls are matplotlib's, the pictures are Plotly's, drawn by the page."""
