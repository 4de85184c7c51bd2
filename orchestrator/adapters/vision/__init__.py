"""How a depth image is judged: render what should be seen, align, compare hypotheses, keep evidence.

Only `render` imports Open3D, and only when a mesh is loaded: this package runs in the vision process.
"""
