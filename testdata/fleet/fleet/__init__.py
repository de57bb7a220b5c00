"""sandlint over many repositories with Apache Spark: docs/fleet.md describes the job and its tables.

records     files of repositories, as lines for "sandlint check --stream"
bundles     the files of a git bundle
program     one long-lived program, its answers, and what happens when it dies
tables      the rows that come of an answer, with their schemas
plan        how repositories are spread over partitions
runs        the tables of a run, what changed since the last one, and the commit
"""
