"""The tables of a run below one folder, run=ID, which appears complete or not at all.

The tables are written below _staging, where Spark's committer takes the output of one attempt of each task. Then the
folder is renamed, and last run.json is written: a run counts from then on. What an interrupted job has left is removed
when the same run is started again.
"""

import json
import logging
import re
import uuid
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import StringType, StructField, StructType

from fleet import tables

log = logging.getLogger("fleet.runs")

RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
MANIFEST = "run.json"

ANSWERS = from_arrow_schema(tables.ANSWER)
_FINDING = ANSWERS["findings"].dataType.elementType


class RunError(RuntimeError):
    """The run cannot be made, or its result must not be used."""


def _with(*fields: str | StructField) -> StructType:
    return StructType([f if isinstance(f, StructField) else StructField(f, StringType()) for f in fields])


# The tables as they are read back; "rule" is the column that the files are partitioned by.
FINDINGS = _with("repository", *_FINDING.fields, "state")
FIXED = _with(
    "repository", *(_FINDING[n] for n in ("rule", "severity", "message", "path", "line", "fingerprint")), "how"
)
REPOSITORIES = _with("repository", "commit", *(ANSWERS[n] for n in ("files", "size", "checked", "tries")), "error")


class Store:
    """The folder of all runs, on whatever file system Hadoop knows."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.jvm: Any = spark.sparkContext._jvm
        self.gateway: Any = spark.sparkContext._gateway
        self.conf = spark.sparkContext._jsc.hadoopConfiguration()  # type: ignore[attr-defined]
        path = self.jvm.org.apache.hadoop.fs.Path(root.rstrip("/"))
        self.fs = path.getFileSystem(self.conf)
        self.root = path.makeQualified(self.fs.getUri(), self.fs.getWorkingDirectory()).toString()

    def path(self, name: str) -> Any:
        return self.jvm.org.apache.hadoop.fs.Path(f"{self.root}/{name}")

    def listed(self) -> str:
        """The folder as it begins the paths of what lies in it."""
        return str(self.fs.getFileStatus(self.jvm.org.apache.hadoop.fs.Path(self.root)).getPath().toString())

    def exists(self, name: str) -> bool:
        return bool(self.fs.exists(self.path(name)))

    def names(self, name: str = "") -> list[str]:
        folder = self.path(name) if name else self.jvm.org.apache.hadoop.fs.Path(self.root)
        if not self.fs.exists(folder):
            return []
        return sorted(status.getPath().getName() for status in self.fs.listStatus(folder))

    def delete(self, name: str) -> None:
        self.fs.delete(self.path(name), True)

    def rename(self, before: str, after: str) -> None:
        """Fails where the new name is taken."""
        source = self.path(before)
        context = self.jvm.org.apache.hadoop.fs.FileContext.getFileContext(source.toUri(), self.conf)
        options = self.gateway.new_array(self.jvm.org.apache.hadoop.fs.Options.Rename, 1)
        options[0] = self.jvm.org.apache.hadoop.fs.Options.Rename.NONE
        context.rename(source, self.path(after), options)

    def write(self, name: str, text: str) -> None:
        out = self.fs.create(self.path(name), True)
        try:
            out.write(bytearray(text.encode("utf-8")))
        finally:
            out.close()


@dataclass(frozen=True)
class Previous:
    """The run that a run is compared with."""

    findings: DataFrame  # those that count
    answered: DataFrame  # the repositories without an error


class Runs:
    """All runs of a folder."""

    def __init__(self, spark: SparkSession, root: str) -> None:
        self.spark = spark
        self.store = Store(spark, root)

    def committed(self) -> list[str]:
        """The ids of the runs that count, in order."""
        runs = [name.removeprefix("run=") for name in self.store.names() if name.startswith("run=")]
        return [run for run in runs if self.store.exists(f"run={run}/{MANIFEST}")]

    def before(self, run: str) -> str | None:
        """The last run before another one, in the order of ids."""
        return max((r for r in self.committed() if r < run), default=None)

    def previous(self, run: str | None) -> Previous | None:
        if run is None:
            return None
        if run not in self.committed():
            raise RunError(f"there is no run {run!r} in {self.store.root}")
        read = self.spark.read
        findings = read.schema(FINDINGS).parquet(f"{self.store.root}/run={run}/findings")
        repositories = read.schema(REPOSITORIES).parquet(f"{self.store.root}/run={run}/repositories")
        return Previous(findings.where("suppressed IS NULL"), repositories.where("error IS NULL").select("repository"))

    def begin(self, run: str) -> "Staging":
        """A place for the tables of a run. What earlier attempts have left is removed."""
        if not RUN_ID.fullmatch(run):
            raise RunError(f"{run!r} is no id of a run: letters, digits, '.', '_' and '-'")
        for name in self.store.names("_staging"):
            if re.fullmatch(re.escape(run) + r"@[0-9a-f]{32}", name):
                log.warning("removing what an interrupted attempt has left: _staging/%s", name)
                self.store.delete(f"_staging/{name}")
        if self.store.exists(f"run={run}"):
            log.warning("removing run=%s, which was not committed", run)
            self.store.delete(f"run={run}")
        return Staging(self, run, f"_staging/{run}@{uuid.uuid4().hex}")


class Staging:
    """The tables of a run before it is committed."""

    def __init__(self, runs: Runs, run: str, folder: str) -> None:
        self.runs, self.run, self.folder = runs, run, folder
        self.started = datetime.now(timezone.utc)

    def at(self, table: str) -> str:
        return f"{self.runs.store.root}/{self.folder}/{table}"

    def read(self, table: str, schema: StructType) -> DataFrame:
        return self.runs.spark.read.schema(schema).parquet(self.at(table))

    def save(self, frame: DataFrame, table: str, *by: str) -> None:
        log.info("writing %s", table)
        frame.write.mode("error").partitionBy(*by).parquet(self.at(table))

    def derive(self, expected: int, previous: Previous | None) -> dict[str, Any]:
        """Makes all tables out of the answers, and returns the totals."""
        answers = self.read("answers", ANSWERS)
        counted = answers.agg(
            F.count("*").alias("repositories"),
            F.countDistinct("repository").alias("distinct"),
            F.count("error").alias("errors"),
            F.sum("files").alias("files"),
            F.sum("size").alias("bytes"),
            F.array_sort(F.collect_set("version")).alias("versions"),
        ).first()
        assert counted is not None
        totals = counted.asDict()
        if not totals["repositories"] == totals.pop("distinct") == expected:
            raise RunError(f"{expected} repositories were asked about, and there are {totals['repositories']} answers")
        self.save(
            answers.select(
                *("repository", "commit", "files", "size", "checked", "tries"), F.col("error.code").alias("error")
            ),
            "repositories",
        )
        self.save(
            answers.where("error IS NOT NULL")
            .select("repository", "error.*")
            .unionByName(answers.select("repository", F.explode("problems").alias("p")).select("repository", "p.*")),
            "errors",
        )
        self.save(answers.where("patch IS NOT NULL").select("repository", "commit", "patch"), "patches")
        found = answers.select("repository", F.explode("findings").alias("f")).select("repository", "f.*")
        self.save(with_state(found, previous).hint("rebalance", "rule"), "findings", "rule")
        findings = self.read("findings", FINDINGS)
        answered = answers.where("error IS NULL").select("repository")
        self.save(fixed(findings, answered, previous, self.runs.spark), "fixed")
        self.save(summary(findings, self.read("fixed", FIXED)).coalesce(1), "summary")
        names = ("findings", "first", "new", "known", "fixed", "suppressed")
        counts = self.runs.spark.read.parquet(self.at("summary")).agg(*(F.sum(n).alias(n) for n in names)).first()
        assert counts is not None
        totals.update({name: counts[name] or 0 for name in names})
        return totals

    def commit(self, manifest: dict[str, Any]) -> None:
        """Makes the run one that counts."""
        store = self.runs.store
        for table in ("sizes", "answers"):  # all of it is in the other tables
            store.delete(f"{self.folder}/{table}")
        store.rename(self.folder, f"run={self.run}")
        text = {
            "run": self.run,
            "started": self.started.isoformat(timespec="seconds"),
            "finished": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            **manifest,
        }
        store.write(f"run={self.run}/{MANIFEST}", json.dumps(text, indent=1) + "\n")

    def abandon(self) -> None:
        self.runs.store.delete(self.folder)


def with_state(found: DataFrame, previous: Previous | None) -> DataFrame:
    """Findings with their state: suppressed, first, new or known."""
    columns = FINDINGS.fieldNames()
    if previous is None:
        state = F.when(F.col("suppressed").isNotNull(), "suppressed").otherwise("first")
        return found.withColumn("state", state).select(columns)
    before = previous.findings.select("repository", "fingerprint", F.lit(True).alias("was_found"))
    answered = previous.answered.withColumn("was_answered", F.lit(True))
    state = (
        F.when(F.col("suppressed").isNotNull(), "suppressed")
        .when(F.col("was_answered").isNull(), "first")
        .when(F.col("was_found").isNull(), "new")
        .otherwise("known")
    )
    joined = found.join(before, ["repository", "fingerprint"], "left").join(answered, "repository", "left")
    return joined.withColumn("state", state).select(columns)


def fixed(findings: DataFrame, answered: DataFrame, previous: Previous | None, spark: SparkSession) -> DataFrame:
    """The findings of the previous run that count no more, in repositories that both runs have answered."""
    if previous is None:
        return spark.createDataFrame([], FIXED)
    now = findings.select("repository", "fingerprint", F.col("suppressed").isNotNull().alias("now_suppressed"))
    return (
        previous.findings.join(answered, "repository", "left_semi")
        .join(now, ["repository", "fingerprint"], "left")
        .where("now_suppressed IS NULL OR now_suppressed")
        .withColumn("how", F.when(F.col("now_suppressed"), "suppressed").otherwise("gone"))
        .select(FIXED.fieldNames())
    )


def summary(findings: DataFrame, gone: DataFrame) -> DataFrame:
    """Counts by rule and severity. Suppressed findings count in the column of that name alone."""

    def count(state: str) -> Any:
        return F.count_if(F.col("state") == state).alias(state)

    counts = findings.groupBy("rule", "severity").agg(
        F.count_if(F.col("state") != "suppressed").alias("findings"),
        F.countDistinct(F.when(F.col("state") != "suppressed", F.col("repository"))).alias("repositories"),
        *map(count, ("first", "new", "known", "suppressed")),
    )
    less = gone.groupBy("rule", "severity").agg(F.count("*").alias("fixed"))
    columns = ("findings", "repositories", "first", "new", "known", "fixed", "suppressed")
    return (
        counts.join(less, ["rule", "severity"], "full")
        .select("rule", "severity", *(F.coalesce(F.col(c), F.lit(0)).alias(c) for c in columns))
        .orderBy(F.desc("findings"), "rule", "severity")
    )
