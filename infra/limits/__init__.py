"""What AWS counts, counted when a template is synthesized.

check      what is too much in a template, and which setting makes it so
counted    the limits, each with where AWS states it
sizes      how long what is only known after the deployment will be
"""
