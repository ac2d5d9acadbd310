// The JDK's HttpClient with its defaults: it offers HTTP/2 by Upgrade with every request of a new connection.
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;

public class JdkHttpClient {
  static final HttpClient CLIENT = HttpClient.newHttpClient();
  static final String URL = System.getenv("CASAVI_URL");
  static String token = "";

  static String ask(int expected, String path, byte[] body) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(URL + path));
    if (!token.isEmpty()) request.header("token", token);
    if (body != null) request.header("Content-Type", "application/json").POST(HttpRequest.BodyPublishers.ofByteArray(body));
    HttpResponse<String> answer = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    if (answer.statusCode() != expected) throw new Exception(path + ": " + answer.statusCode() + " " + answer.body());
    return answer.body();
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
