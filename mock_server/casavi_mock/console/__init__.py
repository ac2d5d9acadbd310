"""The console under `/_mock/console/`: pages for people, beside the control plane's answers for programs.

What it changes, it changes by the verbs of the control plane's document, behind the same guards.
"""
