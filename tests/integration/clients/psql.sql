-- Runs in psql; psql.expected is what PostgreSQL 15 answers. VERBOSITY sqlstate prints only codes of
-- errors, since texts differ between servers.
\set VERBOSITY sqlstate
\pset null '(null)'

\echo == data definition
CREATE SCHEMA shop;
CREATE TABLE shop.item (
  id integer PRIMARY KEY,
  name text NOT NULL,
  price numeric(10,2) CHECK (price >= 0),
  weight double precision DEFAULT 1.5,
  sold boolean DEFAULT false,
  day date,
  happened timestamp,
  happened_zone timestamptz,
  code varchar(12) UNIQUE
);
ALTER TABLE shop.item ADD COLUMN note text DEFAULT 'none';
ALTER TABLE shop.item RENAME COLUMN note TO remark;
CREATE VIEW shop.cheap AS SELECT id, name, price FROM shop.item WHERE price < 10;

\echo == rows
INSERT INTO shop.item (id, name, price, day, happened, happened_zone, code) VALUES
  (1, 'apple', 0.50, '2024-02-29', '2024-02-29 12:34:56.789', '2024-02-29 12:34:56+00', 'a-1'),
  (2, 'bread ''n'' butter', 3.20, NULL, NULL, NULL, 'b-2'),
  (3, 'cheese', 12.00, '1999-12-31', '1999-12-31 23:59:59', '1999-12-31 23:59:59+00', NULL);
INSERT INTO shop.item (id, name) VALUES (4, 'dill') RETURNING id, weight, sold, remark;
SELECT id, name, price, weight, sold, day, happened, code FROM shop.item ORDER BY id;
SELECT * FROM shop.cheap ORDER BY id;
UPDATE shop.item SET price = price * 2, sold = true WHERE id < 3;
SELECT name, price, sold FROM shop.item WHERE sold ORDER BY id;
DELETE FROM shop.item WHERE id = 4 RETURNING name;
SELECT count(*), sum(price), min(day), max(name) FROM shop.item;
SELECT sold, count(*) AS n, avg(weight) AS mean FROM shop.item GROUP BY sold ORDER BY sold;

\echo == several statements in one message
SELECT 1 AS first\; SELECT 2 AS second;

\echo == transactions
BEGIN;
INSERT INTO shop.item (id, name) VALUES (10, 'rolled back');
SELECT count(*) FROM shop.item;
ROLLBACK;
SELECT count(*) FROM shop.item;
BEGIN;
CREATE TABLE shop.temporary_idea (x integer);
INSERT INTO shop.temporary_idea VALUES (1);
ROLLBACK;
SELECT * FROM shop.temporary_idea;
BEGIN;
INSERT INTO shop.item (id, name) VALUES (11, 'kept');
COMMIT;
SELECT name FROM shop.item WHERE id = 11;

\echo == errors leave the session usable and a transaction failed until it ends
SELECT * FROM nowhere;
SELECT nothing FROM shop.item;
SELEC 1;
INSERT INTO shop.item (id, name) VALUES (1, 'again');
INSERT INTO shop.item (id, name) VALUES (20, NULL);
INSERT INTO shop.item (id, name, price) VALUES (21, 'debt', -1);
SELECT 'abc'::integer;
CREATE TABLE shop.item (id integer);
DROP TABLE nowhere;
BEGIN;
SELECT * FROM nowhere;
SELECT 1;
COMMIT;
SELECT 1 AS usable;

\echo == copy
CREATE TABLE lines (n integer, word text, amount numeric(6,2));
COPY lines FROM STDIN;
1	one	1.10
2	tab\there	\N
3	\N	3.30
\.
COPY lines (n, word) FROM STDIN WITH (FORMAT csv, HEADER true);
n,word
4,"quoted, ""word"""
5,
\.
SELECT * FROM lines ORDER BY n;
COPY lines FROM STDIN;
6	six	6.60
seven	seven	7.70
\.
SELECT count(*) FROM lines;
COPY (SELECT * FROM lines ORDER BY n) TO STDOUT;
COPY (SELECT n, word FROM lines WHERE n > 3 ORDER BY n) TO STDOUT WITH (FORMAT csv, HEADER true);
DELETE FROM lines WHERE n <> 2;
COPY lines (word, n) TO STDOUT WITH (DELIMITER '|', NULL 'nothing');

\echo == prepared statements
PREPARE cheaper_than (numeric) AS SELECT name FROM shop.item WHERE price < $1 ORDER BY name;
EXECUTE cheaper_than(7);
DEALLOCATE cheaper_than;

\echo == the end
DROP VIEW shop.cheap;
DROP TABLE lines;
DROP TABLE shop.item;
DROP SCHEMA shop;
