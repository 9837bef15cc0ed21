// pgjdbc against the server: java -cp postgresql.jar PgJdbcClient.java PORT. Exits 1 at the first
// difference.
import java.io.StringReader;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.sql.Types;
import java.time.OffsetDateTime;
import java.util.Objects;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyManager;

public class PgJdbcClient {
  interface Action {
    void run() throws Exception;
  }

  private static Connection connection;

  public static void main(String[] arguments) throws Exception {
    String url = "jdbc:postgresql://127.0.0.1:" + arguments[0] + "/luma?user=luma&sslmode=disable";
    connection = DriverManager.getConnection(url);
    definesTablesAndKeepsTypedParameters();
    insertsInBatches();
    switchesToBinaryAfterSomeRuns();
    fetchesInPieces();
    commitsAndRollsBack();
    copiesInAndOut();
    reportsErrorsAndGoesOn();
    rewritesBatches(url);
    connection.close();
    System.out.println("ok");
  }

  static void definesTablesAndKeepsTypedParameters() throws Exception {
    execute("CREATE TABLE typed (id integer PRIMARY KEY, big bigint, x double precision, "
        + "price numeric(12,3), word text, flag boolean, day date, happened timestamp, zone timestamptz, "
        + "raw bytea)");
    String insert = "INSERT INTO typed VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    try (PreparedStatement statement = connection.prepareStatement(insert)) {
      for (int id = 0; id < 20; id++) {
        statement.setInt(1, id);
        statement.setLong(2, 1L << 40);
        statement.setDouble(3, 1.5 * id);
        statement.setBigDecimal(4, new BigDecimal("123.456"));
        statement.setString(5, "row " + id);
        statement.setBoolean(6, id % 2 == 0);
        statement.setDate(7, java.sql.Date.valueOf("2024-02-29"));
        statement.setTimestamp(8, Timestamp.valueOf("2024-02-29 12:34:56.789"));
        statement.setObject(9, OffsetDateTime.parse("2024-02-29T12:34:56Z"));
        statement.setBytes(10, new byte[] {0, 1, (byte) 255});
        same(1, statement.executeUpdate());
      }
    }
    try (PreparedStatement statement =
        connection.prepareStatement("INSERT INTO typed (id, big, word, happened) VALUES (?, ?, ?, ?)")) {
      statement.setInt(1, 100);
      statement.setNull(2, Types.BIGINT);
      statement.setNull(3, Types.VARCHAR);
      statement.setNull(4, Types.TIMESTAMP);
      same(1, statement.executeUpdate());
    }
    same(null, scalar("SELECT word FROM typed WHERE id = 100"));
  }

  static void insertsInBatches() throws Exception {
    execute("CREATE TABLE batch (n integer, word text)");
    try (PreparedStatement statement =
        connection.prepareStatement("INSERT INTO batch VALUES (?, ?)")) {
      for (int n = 0; n < 50; n++) {
        statement.setInt(1, n);
        statement.setString(2, "w" + n);
        statement.addBatch();
      }
      same(50, statement.executeBatch().length);
    }
    same("1225", scalar("SELECT sum(n) FROM batch"));
  }

  // pgjdbc asks for binary results from the fifth run of a statement on.
  static void switchesToBinaryAfterSomeRuns() throws Exception {
    String query = "SELECT big, x, price, word, flag, day, happened, raw FROM typed WHERE id = ?";
    try (PreparedStatement statement = connection.prepareStatement(query)) {
      for (int id = 0; id < 12; id++) {
        statement.setInt(1, id);
        try (ResultSet row = statement.executeQuery()) {
          same(true, row.next());
          same(1L << 40, row.getLong(1));
          same(1.5 * id, row.getDouble(2));
          same("123.456", row.getBigDecimal(3).toPlainString());
          same("row " + id, row.getString(4));
          same(id % 2 == 0, row.getBoolean(5));
          same("2024-02-29", row.getDate(6).toString());
          same("2024-02-29 12:34:56.789", row.getTimestamp(7).toString());
          same(255, row.getBytes(8)[2] & 255);
        }
      }
    }
  }

  static void fetchesInPieces() throws Exception {
    connection.setAutoCommit(false);
    int rows = 0;
    try (Statement statement = connection.createStatement()) {
      statement.setFetchSize(7);
      try (ResultSet result = statement.executeQuery("SELECT id FROM typed ORDER BY id")) {
        while (result.next()) {
          same(rows < 20 ? rows : 100, result.getInt(1));
          rows++;
        }
      }
    }
    connection.commit();
    connection.setAutoCommit(true);
    same(21, rows);
  }

  static void commitsAndRollsBack() throws Exception {
    connection.setAutoCommit(false);
    execute("UPDATE typed SET word = 'changed' WHERE id = 1");
    connection.rollback();
    same("row 1", scalar("SELECT word FROM typed WHERE id = 1"));
    execute("UPDATE typed SET word = 'changed' WHERE id = 1");
    connection.commit();
    connection.setAutoCommit(true);
    same("changed", scalar("SELECT word FROM typed WHERE id = 1"));
  }

  static void copiesInAndOut() throws Exception {
    execute("CREATE TABLE copied (a integer, b text)");
    CopyManager copy = connection.unwrap(PGConnection.class).getCopyAPI();
    same(2L, copy.copyIn("COPY copied FROM STDIN WITH (FORMAT csv)",
        new StringReader("1,x\n2,\"y,z\"\n")));
    StringWriter written = new StringWriter();
    same(2L, copy.copyOut("COPY (SELECT * FROM copied ORDER BY a) TO STDOUT", written));
    same("1\tx\n2\ty,z\n", written.toString());
  }

  static void reportsErrorsAndGoesOn() throws Exception {
    fails("42601", () -> scalar("SELEC 1"));
    fails("42P01", () -> scalar("SELECT * FROM nowhere"));
    fails("23505", () -> execute("INSERT INTO typed (id) VALUES (1)"));
    connection.setAutoCommit(false);
    fails("42P01", () -> scalar("SELECT * FROM nowhere"));
    fails("25P02", () -> scalar("SELECT 1"));
    connection.rollback();
    connection.setAutoCommit(true);
    same("1", scalar("SELECT 1"));
  }

  static void rewritesBatches(String url) throws Exception {
    try (Connection rewriting = DriverManager.getConnection(url + "&reWriteBatchedInserts=true");
        PreparedStatement statement =
            rewriting.prepareStatement("INSERT INTO batch VALUES (?, ?)")) {
      for (int n = 0; n < 130; n++) {
        statement.setInt(1, 1000 + n);
        statement.setString(2, "rewritten");
        statement.addBatch();
      }
      statement.executeBatch();
    }
    same("130", scalar("SELECT count(*) FROM batch WHERE word = 'rewritten'"));
  }

  static void execute(String sql) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  static String scalar(String sql) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getString(1);
    }
  }

  static void fails(String sqlState, Action action) throws Exception {
    try {
      action.run();
    } catch (SQLException error) {
      same(sqlState, error.getSQLState());
      return;
    }
    throw new AssertionError("no error " + sqlState);
  }

  static void same(Object expected, Object actual) {
    if (!Objects.equals(expected, actual)) {
      throw new AssertionError("expected " + expected + ", got " + actual);
    }
  }
}
