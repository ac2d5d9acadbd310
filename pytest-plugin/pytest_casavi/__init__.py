"""The pytest plugin of casavi-mock. Importing it loads nothing heavy."""
