"""Projects as code: ``costmark.toml`` says which projects there should be, and with which tags.

A *stack* is what one file manages. Each of its projects has the reserved tag ``costmark_project``
with the value ``<stack>/<name>``: that is its identity, since names need not be unique, and the key
under which a bill can be joined with it.

    file ──► Stack ┐
                   ├─► plan: changes ─► apply: writes ─► lock
    AWS ───► World ┘
"""
