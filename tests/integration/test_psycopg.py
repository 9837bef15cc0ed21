"""psycopg 3: typed parameters in text and binary, transactions, COPY, errors, cancel."""

import datetime
import decimal
import threading
import unittest
import uuid

import psycopg
from harness import ServerTest
from psycopg import errors

UTC = datetime.timezone.utc

# (column type, value); each goes in as a parameter and must come back equal.
VALUES = [
    ("boolean", True),
    ("smallint", -32_768),
    ("integer", 2_147_483_647),
    ("bigint", -(2**63)),
    ("real", 0.5),
    ("double precision", 1.0 / 3.0),
    ("numeric(20,4)", decimal.Decimal("-1234567890.1234")),
    ("text", "naïve 'quoted' \u2603 \U0001f600"),
    ("varchar(10)", ""),
    ("bytea", bytes(range(256))),
    ("date", datetime.date(2024, 2, 29)),
    ("time", datetime.time(23, 59, 59, 999_999)),
    ("timestamp", datetime.datetime(1969, 7, 20, 20, 17, 40, 123_456)),
    ("timestamptz", datetime.datetime(2038, 1, 19, 3, 14, 8, tzinfo=UTC)),
    ("uuid", uuid.UUID("12345678-1234-5678-1234-567812345678")),
]


class PsycopgTest(ServerTest):
    def setUp(self):
        super().setUp()
        self.connection = self.server.connect()
        self.addCleanup(self.connection.close)

    def rows(self, statement, parameters=None, **options):
        return self.connection.execute(statement, parameters, **options).fetchall()

    def test_every_common_type_round_trips_in_text_and_in_binary(self):
        for type_name, value in VALUES:
            for mark, binary in (("%s", False), ("%b", True), ("%t", True)):
                with self.subTest(type=type_name, mark=mark, binary=binary):
                    statement = f"SELECT {mark}::{type_name}, NULL::{type_name}"
                    if mark == "%b" and isinstance(value, (bool, int, float)):
                        statement = f"SELECT {mark}, NULL::{type_name}"
                    self.assertEqual(self.rows(statement, [value], binary=binary), [(value, None)])

    def test_columns_keep_what_parameters_brought_and_parameter_types_are_inferred(self):
        names = [f"c{i}" for i in range(len(VALUES))]
        columns = ", ".join(f"{name} {type_name}" for name, (type_name, _) in zip(names, VALUES))
        self.connection.execute(f"CREATE TABLE typed (id integer, {columns})")
        marks = ", ".join(["%s"] * (len(VALUES) + 1))
        values = [value for _, value in VALUES]
        self.connection.execute(f"INSERT INTO typed VALUES ({marks})", [1, *values])
        self.connection.execute(f"INSERT INTO typed VALUES ({marks})", [2, *[None] * len(VALUES)])
        for binary in (False, True):
            stored = self.rows("SELECT * FROM typed ORDER BY id", binary=binary)
            self.assertEqual(stored, [(1, *values), (2, *[None] * len(VALUES))])
        self.assertEqual(self.rows("SELECT id FROM typed WHERE c7 = %s", [values[7]]), [(1,)])

    def test_a_description_has_postgresqls_type_oids(self):
        cursor = self.connection.execute(
            "SELECT 1::int2 a, 1::int4 b, 1::int8 c, 1::float8 d, 1.5::numeric e, 'x'::text f, "
            "true g, '2024-01-01'::date h, '2024-01-01'::timestamp i, '2024-01-01'::timestamptz j")
        self.assertEqual([(column.name, column.type_code) for column in cursor.description],
                         [("a", 21), ("b", 23), ("c", 20), ("d", 701), ("e", 1700), ("f", 25),
                          ("g", 16), ("h", 1082), ("i", 1114), ("j", 1184)])

    def test_a_statement_prepared_on_the_server_runs_again_with_other_parameters(self):
        for n in range(20):
            self.assertEqual(self.rows("SELECT %s::int4 * 2", [n], prepare=True), [(2 * n,)])

    def test_many_rows_by_executemany_and_back_by_a_stream(self):
        self.connection.execute("CREATE TABLE numbers (n integer, square bigint)")
        with self.connection.cursor() as cursor:
            cursor.executemany("INSERT INTO numbers VALUES (%s, %s)",
                               [(n, n * n) for n in range(2_000)])
            seen = list(cursor.stream("SELECT n, square FROM numbers ORDER BY n"))
        self.assertEqual(seen, [(n, n * n) for n in range(2_000)])

    def test_a_pipeline_answers_in_order(self):
        with self.connection.pipeline():
            cursors = [self.connection.execute("SELECT %s::int4", [n]) for n in range(50)]
        self.assertEqual([cursor.fetchone()[0] for cursor in cursors], list(range(50)))

    def test_a_transaction_is_all_or_nothing_and_others_do_not_see_it_before(self):
        self.connection.execute("CREATE TABLE account (id integer PRIMARY KEY, amount integer)")
        self.connection.execute("INSERT INTO account VALUES (1, 100), (2, 0)")
        with self.server.connect() as other:
            with self.assertRaises(ZeroDivisionError), self.connection.transaction():
                self.connection.execute("UPDATE account SET amount = amount - 60 WHERE id = 1")
                raise ZeroDivisionError
            with self.connection.transaction():
                self.connection.execute("UPDATE account SET amount = amount - 60 WHERE id = 1")
                self.connection.execute("UPDATE account SET amount = amount + 60 WHERE id = 2")
                before = other.execute("SELECT amount FROM account ORDER BY id").fetchall()
            after = other.execute("SELECT amount FROM account ORDER BY id").fetchall()
        self.assertEqual((before, after), ([(100,), (0,)], [(40,), (60,)]))

    def test_of_two_writers_of_one_row_the_first_to_commit_wins(self):
        self.connection.execute("CREATE TABLE counter (id integer PRIMARY KEY, n integer)")
        self.connection.execute("INSERT INTO counter VALUES (1, 0)")
        first = self.server.connect(autocommit=False)
        second = self.server.connect(autocommit=False)
        for connection in (first, second):
            self.addCleanup(connection.close)
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.execute("SELECT n FROM counter")
        first.execute("UPDATE counter SET n = n + 1 WHERE id = 1")
        first.commit()
        with self.assertRaises(errors.SerializationFailure):
            second.execute("UPDATE counter SET n = n + 10 WHERE id = 1")
            second.commit()
        second.rollback()
        self.assertEqual(self.rows("SELECT n FROM counter"), [(1,)])

    def test_errors_have_postgresqls_codes_and_leave_the_session_usable(self):
        self.connection.execute("CREATE TABLE strict_t (id integer PRIMARY KEY, n integer NOT NULL "
                                "CHECK (n > 0))")
        self.connection.execute("INSERT INTO strict_t VALUES (1, 1)")
        cases = [
            ("SELECT * FROM nowhere", errors.UndefinedTable),
            ("SELECT nothing FROM strict_t", errors.UndefinedColumn),
            ("SELECT no_such_function(1)", errors.UndefinedFunction),
            ("SELEC 1", errors.SyntaxError),
            ("INSERT INTO strict_t VALUES (1, 2)", errors.UniqueViolation),
            ("INSERT INTO strict_t VALUES (2, NULL)", errors.NotNullViolation),
            ("INSERT INTO strict_t VALUES (2, -1)", errors.CheckViolation),
            ("SELECT 'x'::integer", errors.InvalidTextRepresentation),
            ("SELECT 300000::smallint", errors.NumericValueOutOfRange),
            ("CREATE TABLE strict_t (id integer)", errors.DuplicateTable),
            ("DROP TABLE nowhere", errors.UndefinedTable),
        ]
        for statement, expected in cases:
            with self.subTest(statement=statement):
                with self.assertRaises(expected):
                    self.connection.execute(statement)
                self.assertEqual(self.rows("SELECT 1"), [(1,)])

    def test_a_syntax_error_names_its_position(self):
        with self.assertRaises(errors.SyntaxError) as caught:
            self.connection.execute("SELECT 1 +* 2 FROM")
        self.assertIn(caught.exception.diag.statement_position, ("11", "12", "15", "19"))

    def test_a_failed_transaction_refuses_statements_until_it_ends(self):
        self.connection.execute("BEGIN")
        with self.assertRaises(errors.UndefinedTable):
            self.connection.execute("SELECT * FROM nowhere")
        self.assertEqual(self.connection.info.transaction_status,
                         psycopg.pq.TransactionStatus.INERROR)
        with self.assertRaises(errors.InFailedSqlTransaction):
            self.connection.execute("SELECT 1")
        self.connection.execute("ROLLBACK")
        self.assertEqual(self.rows("SELECT 1"), [(1,)])

    def test_copy_in_and_out_in_text_and_csv(self):
        self.connection.execute("CREATE TABLE copied (n integer, word text)")
        with self.connection.cursor().copy("COPY copied FROM STDIN") as copy:
            for row in [(1, "one"), (2, None), (3, "tab\there\\")]:
                copy.write_row(row)
        with self.connection.cursor().copy("COPY copied FROM STDIN WITH (FORMAT csv)") as copy:
            copy.write('4,"four, ""4"""\n')
        with self.connection.cursor().copy(
                "COPY (SELECT * FROM copied ORDER BY n) TO STDOUT") as copy:
            copy.set_types(["int4", "text"])
            rows = list(copy.rows())
        self.assertEqual(rows, [(1, "one"), (2, None), (3, "tab\there\\"), (4, 'four, "4"')])

    def test_a_copy_that_fails_or_is_given_up_stores_nothing(self):
        self.connection.execute("CREATE TABLE copied (n integer)")
        with self.assertRaises(errors.InvalidTextRepresentation):
            with self.connection.cursor().copy("COPY copied FROM STDIN") as copy:
                copy.write("1\nx\n")
        with self.assertRaises(errors.QueryCanceled):
            with self.connection.cursor().copy("COPY copied FROM STDIN") as copy:
                copy.write("1\n")
                raise KeyError  # psycopg then sends CopyFail
        self.assertEqual(self.rows("SELECT count(*) FROM copied"), [(0,)])

    def test_a_running_query_can_be_cancelled(self):
        self.connection.execute("CREATE TABLE wide AS SELECT * FROM generate_series(1, 3000) g(n)")
        timer = threading.Timer(0.5, self.connection.cancel)
        timer.start()
        with self.assertRaises(errors.QueryCanceled):
            self.connection.execute("SELECT sum(a.n * b.n % 7 + c.n) FROM wide a, wide b, wide c")
        self.assertEqual(self.rows("SELECT 1"), [(1,)])


if __name__ == "__main__":
    unittest.main()
