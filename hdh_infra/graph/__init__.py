"""The intermediate form: nodes, plans and observations as plain frozen data. Nothing about any cloud."""
