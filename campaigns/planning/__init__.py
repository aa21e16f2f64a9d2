"""The arithmetic of outreach: plain Python over frozen values, with the moment passed in as `at`.

Nothing here knows Django, does I/O or reads a clock. `calendar` and `delays` say when, `pacing` how fast,
`sequencing` what comes next, `gate` what stands against it, `explaining` puts that into words.
"""
