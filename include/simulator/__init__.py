"""Stand-ins for the three source systems: one seeded world, three exports of it, served over real protocols.

`python -m simulator serve --help` starts them; `simulator.systems.Systems(Scenario(...))` gives the rows and bytes.
"""
