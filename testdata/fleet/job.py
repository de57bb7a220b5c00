#!/usr/bin/env python3
"""Checks many repositories with sandlint on Apache Spark. docs/fleet.md is the guide.

spark-submit job.py --program sandlint --rows s3a://code/files --output s3a://code/sandlint
spark-submit job.py --program sandlint --bundles /mnt/bundles --output /mnt/sandlint -- --target nix=2.24
"""

import argparse
import logging
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from fleet import plan, tasks
from fleet.program import Limits
from fleet.runs import ANSWERS, RunError, Runs, Staging, Store

log = logging.getLogger("fleet.job")

MAX_BUNDLE = 1 << 30


def arguments(argv: Sequence[str]) -> argparse.Namespace:
    p = argparse.ArgumentParser(description="Check many repositories with sandlint on Apache Spark.")
    source = p.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--rows",
        nargs="+",
        metavar="PATH",
        help="Parquet with the columns repository, path, content, and perhaps mode and commit",
    )
    source.add_argument("--bundles", metavar="FOLDER", help="a folder of git bundles, OWNER/NAME.bundle and the like")
    p.add_argument("--output", required=True, metavar="FOLDER", help="the folder of all runs")
    p.add_argument(
        "--run",
        metavar="ID",
        default=datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%SZ"),
        help="the id of this run; ids sort by time (default: the time)",
    )
    p.add_argument(
        "--previous", metavar="ID", help="the run to compare with, or none (default: the last one before this run)"
    )
    p.add_argument(
        "--program",
        default="sandlint",
        help="sandlint on this machine, which is shipped to the executors, or the name of one that "
        "--files ships or that is installed there",
    )
    p.add_argument(
        "--partitions",
        type=int,
        metavar="N",
        help="how many tasks check repositories (default: four a core, or one for 32 MiB)",
    )
    p.add_argument(
        "--max-record",
        type=int,
        default=16 << 20,
        metavar="BYTES",
        help="the most that one repository may have; a larger one is answered with an error",
    )
    p.add_argument(
        "--tries",
        type=int,
        default=Limits.tries,
        metavar="N",
        help="how often one repository may end the program until it is answered with an error",
    )
    p.add_argument(
        "--silence",
        type=float,
        default=Limits.silence,
        metavar="SECONDS",
        help="after how long without an answer the program is killed",
    )
    p.add_argument(
        "--most-errors",
        type=float,
        default=0.1,
        metavar="SHARE",
        help="the share of repositories with errors above which the run is not committed",
    )
    p.add_argument("--log", default="INFO", metavar="LEVEL")
    p.add_argument("arguments", nargs="*", metavar="-- ARGUMENT", help="further arguments of sandlint check")
    return p.parse_args(argv)


def ship(spark: SparkSession, program: str, folder: str) -> str:
    """Sends the program and this package to the executors, and returns the program's name there. The folder is for the
    package, which executors fetch as long as the session lasts."""
    here = Path(__file__).resolve().parent
    archive = Path(folder, "fleet-package.zip")
    with zipfile.ZipFile(archive, "w") as z:
        for file in sorted((here / "fleet").glob("*.py")):
            z.write(file, f"fleet/{file.name}")
    spark.sparkContext.addPyFile(str(archive))
    if Path(program).is_file():
        spark.sparkContext.addFile(str(Path(program).resolve()))
        program = Path(program).name
    return program


def optional(frame: DataFrame, name: str) -> DataFrame:
    return frame if name in frame.columns else frame.withColumn(name, F.lit(None).cast("string"))


def check_rows(
    spark: SparkSession, args: argparse.Namespace, settings: tasks.Settings, staging: Staging
) -> tuple[DataFrame, int]:
    """The answers for a table of files, and how many there must be."""
    source = optional(optional(spark.read.parquet(*args.rows), "mode"), "commit")
    rows = source.select("repository", "path", F.col("content").cast("binary").alias("content"), "mode", "commit")
    sizes = rows.groupBy("repository").agg(F.sum(F.coalesce(F.octet_length("content"), F.lit(0))).alias("size"))
    staging.save(sizes, "sizes")
    sizes = staging.read("sizes", sizes.schema)
    without = F.count_if(F.col("repository").isNull())
    counted = sizes.agg(F.count("*"), F.coalesce(F.sum("size"), F.lit(0)), F.max("size"), without).first()
    assert counted is not None
    repositories, total, largest, nameless = counted
    if nameless:
        raise RunError(f"there are rows without a repository in {', '.join(args.rows)}")
    partitions = args.partitions or plan.partitions_for(total, spark.sparkContext.defaultParallelism)
    least = plan.large_from(total, partitions)
    large = plan.large_first((r[0], r[1]) for r in sizes.where(F.col("size") >= least).collect())
    log.info(
        "%d repositories, %d bytes, the largest %s; %d partitions, and one for each of %d repositories from %d bytes",
        repositories,
        total,
        largest,
        partitions,
        len(large),
        least,
    )
    place = F.lit(len(large)) + F.pmod(F.xxhash64("repository"), F.lit(partitions)).cast("int")
    if large:
        own = spark.createDataFrame(list(large.items()), "repository string, own int")
        rows = rows.join(F.broadcast(own), "repository", "left")
        place = F.coalesce(F.col("own"), place)
    grouped = rows.repartitionById(len(large) + partitions, place).sortWithinPartitions("repository", "path")
    columns = grouped.select("repository", "path", "content", "mode", "commit")
    return columns.mapInArrow(tasks.check_rows(settings), ANSWERS), repositories


def check_bundles(
    spark: SparkSession, args: argparse.Namespace, settings: tasks.Settings, _: Staging
) -> tuple[DataFrame, int]:
    """The answers for a folder of bundles, and how many there must be.

    Spark packs the bundles into partitions by size, the largest first, and each is read where it is checked.
    """
    reader = spark.read.format("binaryFile").option("recursiveFileLookup", "true").option("pathGlobFilter", "*.bundle")
    files = reader.load(args.bundles)
    count, total, largest = files.agg(F.count("*"), F.sum("length"), F.max("length")).first() or (0, 0, 0)
    if count == 0:
        raise RunError(f"there are no files *.bundle in {args.bundles}")
    if largest > MAX_BUNDLE:
        raise RunError(f"a bundle has {largest} bytes; a bundle is one row, and may have {MAX_BUNDLE}")
    partitions = args.partitions or plan.partitions_for(total, spark.sparkContext.defaultParallelism)
    spark.conf.set("spark.sql.files.maxPartitionBytes", str(max(1, -(-total // partitions))))
    spark.conf.set("spark.sql.files.openCostInBytes", "0")
    start = len(Store(spark, args.bundles).listed()) + len("/") + 1
    name = F.substring("path", F.lit(start), F.length("path") - start + 1 - len(".bundle"))
    bundles = files.select(name.alias("repository"), "content")
    return bundles.mapInArrow(tasks.check_bundles(settings), ANSWERS), count


def run(spark: SparkSession, args: argparse.Namespace, folder: str) -> None:
    """Makes one run. A run that is there already stays as it is. The folder is empty, and stays as long as Spark."""
    runs = Runs(spark, args.output)
    if args.run in runs.committed():
        log.info("the run %s is there already", args.run)
        return
    before = None if args.previous == "none" else args.previous or runs.before(args.run)
    previous = runs.previous(before)
    staging = runs.begin(args.run)
    limits = Limits(tries=args.tries, silence=args.silence)
    settings = tasks.Settings(ship(spark, args.program, folder), tuple(args.arguments), args.max_record, limits)
    try:
        answers, expected = (check_rows if args.rows else check_bundles)(spark, args, settings, staging)
        staging.save(answers, "answers")
        totals = staging.derive(expected, previous)
        if totals["errors"] > args.most_errors * totals["repositories"]:
            raise RunError(
                f"{totals['errors']} of {totals['repositories']} repositories have errors, more than "
                f"--most-errors={args.most_errors} allows"
            )
        staging.commit(
            {"previous": before, "input": args.rows or [args.bundles], "arguments": args.arguments, "totals": totals}
        )
    except BaseException:
        staging.abandon()
        raise
    log.info("the run %s: %s", args.run, ", ".join(f"{name} {n}" for name, n in totals.items()))


def session() -> SparkSession:
    """A session for batches of bounded size and a committer that publishes nothing before the job ends."""
    return (
        SparkSession.builder.appName("sandlint")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "512")
        .config("spark.sql.execution.arrow.maxBytesPerBatch", str(16 << 20))
        .config("spark.sql.sources.partitionColumnTypeInference.enabled", "false")
        .config("spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version", "1")
        .getOrCreate()
    )


def main(argv: Sequence[str]) -> int:
    args = arguments(argv)
    logging.basicConfig(level=args.log, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("py4j").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        spark = session()
        try:
            run(spark, args, folder)
        except RunError as e:
            log.error("%s", e)
            return 1
        finally:
            spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
