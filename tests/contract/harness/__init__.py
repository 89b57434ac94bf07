"""What holds facts against a cloud.

fact        what is declared of a fact, and the registry of all
place       an account in a region, with words for what facts do there
aws         the places of a run, as one fact sees them
stock       what many facts share, made once in a run
cost        what a run costs and how long it takes, before it starts
trial       facts are tried one by one, the riskiest first
record      what was seen on AWS, in `docs/contract.json`
cleaning    everything that a run has made goes, also after a crash
running     a run from the first word to the last
"""
