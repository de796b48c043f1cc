"""Simulate the three source systems: one seeded world, exported by three systems, served over real protocols.

`python -m simulator serve --help` starts them; `simulator.systems.Systems(Scenario(...))` returns the rows and files.
"""
