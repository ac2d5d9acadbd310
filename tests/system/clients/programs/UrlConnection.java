// HttpURLConnection, which keeps a connection only if each answer is read to its end.
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

public class UrlConnection {
  static final String URL = System.getenv("CASAVI_URL");
  static String token = "";

  static String ask(int expected, String path, byte[] body) throws Exception {
    HttpURLConnection connection = (HttpURLConnection) URI.create(URL + path).toURL().openConnection();
    if (!token.isEmpty()) connection.setRequestProperty("token", token);
    if (body != null) {
      connection.setRequestProperty("Content-Type", "application/json");
      connection.setDoOutput(true);
      connection.getOutputStream().write(body);
    }
    int status = connection.getResponseCode();
    try (InputStream stream = status < 400 ? connection.getInputStream() : connection.getErrorStream()) {
      String answer = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
      if (status != expected) throw new Exception(path + ": " + status + " " + answer);
      return answer;
    }
  }

  static String member(String json, String name) throws Exception {
    var found = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(json);
    if (!found.find()) throw new Exception("no " + name);
    return found.group(1);
  }

  static void imported(String file, String end) throws Exception {
    String job = member(ask(202, "/import", Files.readAllBytes(Path.of(file))), "jobId");
    for (int poll = 0; !member(ask(200, "/jobs/" + job, null), "status").equals(end); poll++)
      if (poll > 20) throw new Exception("the job does not end");
  }

  public static void main(String[] arguments) throws Exception {
    token = member(ask(200, "/authenticate", Files.readAllBytes(Path.of("log-in.json"))), "token");
    imported("umlauts.json", "completed");
    for (String id : Files.readAllLines(Path.of("ids.txt"), StandardCharsets.UTF_8))
      ask(200, "/contacts/" + URLEncoder.encode(id, StandardCharsets.UTF_8).replace("+", "%20"), null);
    String old = Files.readString(Path.of("refresh.json")).replace("OLD-TOKEN", token);
    token = member(ask(200, "/refresh", old.getBytes(StandardCharsets.UTF_8)), "token");
    imported("refused.json", "completed");
    imported("hundred.json", "completed");
  }
}
