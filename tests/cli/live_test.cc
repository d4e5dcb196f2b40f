// top, serve, --serve, stat --prometheus through the real binary, beside a writer that holds still when the test wants it to.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

#include "tests/cli/firn_command.h"

namespace firn::cli {
namespace {

class Live : public CliTest {
 protected:
  void TearDown() override {
    if (writer_ > 0) stop_writer();
    if (server_ > 0) stop_server();
    CliTest::TearDown();
  }

  // `firn load --serve 0`, which has put `count` entries and waits for more.
  void start_writer(int count) {
    int fds[2];
    ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    feed_fd_ = fds[1];
    const int null_fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    const int err_fd = ::open(path("writer.err").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    writer_ = start_firn({"load", db(), "--serve", "0", "--acks", path("acks")}, fds[0], null_fd, err_fd);
    for (const int fd : {fds[0], null_fd, err_fd}) ::close(fd);
    std::string lines;
    for (int i = 0; i < count; ++i) lines += "key" + std::to_string(i) + "\tvalue\n";
    ASSERT_EQ(::write(feed_fd_, lines.data(), lines.size()), static_cast<ssize_t>(lines.size()));
    const std::string last = "key" + std::to_string(count - 1) + "\n";
    while (!read_file(path("acks")).ends_with(last)) ::usleep(1000);
    const std::string said = read_file(path("writer.err"));
    const size_t at = said.find("http://127.0.0.1:");
    ASSERT_NE(at, std::string::npos) << said;
    url_ = said.substr(at, said.find_first_of("/\n", at + 7) - at);
  }
  void stop_writer() {
    ::close(feed_fd_);
    EXPECT_EQ(wait_for(writer_), 0);
    writer_ = 0;
  }
  void start_server() {
    int fds[2];
    ASSERT_EQ(::pipe2(fds, O_CLOEXEC), 0);
    server_ = start_firn({"serve", db()}, STDIN_FILENO, fds[1], STDERR_FILENO);
    ::close(fds[1]);
    char line[200];
    std::string said;
    while (said.find('\n') == std::string::npos) {
      const ssize_t got = ::read(fds[0], line, sizeof line);
      ASSERT_GT(got, 0);
      said.append(line, static_cast<size_t>(got));
    }
    ::close(fds[0]);
    const size_t at = said.find("http://127.0.0.1:");
    url_ = said.substr(at, said.find_first_of("/\n", at + 7) - at);
  }
  void stop_server() {
    ::kill(server_, SIGINT);
    EXPECT_EQ(wait_for(server_), 0);
    server_ = 0;
  }

  // The whole answer to a request that is sent as it is.
  std::string ask(const std::string& request) const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(static_cast<uint16_t>(std::stoi(url_.substr(url_.rfind(':') + 1))));
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::send(fd, request.data(), request.size(), MSG_NOSIGNAL), static_cast<ssize_t>(request.size()));
    std::string answer;
    char bytes[4096];
    for (ssize_t got; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0;) answer.append(bytes, static_cast<size_t>(got));
    ::close(fd);
    return answer;
  }
  std::string get(const std::string& target) const { return ask("GET " + target + " HTTP/1.1\r\nHost: localhost:1\r\n\r\n"); }

  std::string url_;

 private:
  pid_t writer_ = 0;
  pid_t server_ = 0;
  int feed_fd_ = -1;
};

TEST_F(Live, AWriterServesItsOwnFigures) {
  start_writer(300);
  const std::string metrics = get("/metrics");
  EXPECT_TRUE(metrics.starts_with("HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4")) << metrics;
  EXPECT_NE(metrics.find("firn_puts_total{db=\"" + db() + "\"} 300\n"), std::string::npos) << metrics;
  EXPECT_NE(get("/stats.json?x=1").find("\"puts\":300,"), std::string::npos);
  EXPECT_NE(get("/events.json").find("\r\n\r\n["), std::string::npos);
  EXPECT_NE(get("/").find("<title>Firn</title>"), std::string::npos);
  EXPECT_TRUE(get("/other").starts_with("HTTP/1.1 404 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: localhost\r\n\r\n").starts_with("HTTP/1.1 405 "));
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: evil.example:80\r\n\r\n").starts_with("HTTP/1.1 403 ")) << "DNS rebinding";
  EXPECT_TRUE(ask("GET / HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 "));
  EXPECT_EQ(ask("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x')), "") << "too long a request";
  EXPECT_TRUE(ask("\r\n\r\n").starts_with("HTTP/1.1 400 "));
}

TEST_F(Live, TopOfAnAddressShowsReadsAndLatencies) {
  start_writer(3000);
  const std::string json = firn_ok({"top", url_, "-n", "2", "--interval", "10ms", "--json"});
  EXPECT_TRUE(json.starts_with("{\"reads_per_second\":0.000,\"commits_per_second\":0.000,")) << json;
  EXPECT_NE(json.find("\"stats\":{\"durability\":\"process\""), std::string::npos) << json;
  EXPECT_NE(json.find("\"puts\":3000,"), std::string::npos) << json;
  const std::string text = firn_ok({"top", url_, "-n", "1"});
  for (const char* const part : {"reads 0/s   commits 0/s", "stalls 0", "memtables 1 over ", "p50", "commit "})
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  EXPECT_EQ(text.find('\033'), std::string::npos);
  stop_writer();
  const Outcome gone = firn({"top", url_, "-n", "1"});
  EXPECT_EQ(gone.status, 5) << gone.err;
  EXPECT_EQ(firn({"top", "https://127.0.0.1", "-n", "1"}).status, 1) << "a directory that is not there";
  EXPECT_EQ(firn({"top", "http://", "-n", "1"}).status, 2);
}

TEST_F(Live, TopOfADirectoryWorksBesideTheWriter) {
  start_writer(100);
  const std::string text = firn_ok({"top", db(), "-n", "2", "--interval", "10ms"});
  EXPECT_NE(text.find("version 100  (beside the writer)"), std::string::npos) << text;
  EXPECT_EQ(firn({"top", path("nothing"), "-n", "1"}).status, 1);
  EXPECT_EQ(firn({"top", db(), "--interval", "soon"}).status, 2);
}

TEST_F(Live, TopOnATerminalRedrawsUntilQAndPutsTheScreenBack) {
  firn_ok({"load", db()}, "a\t1\nb\t2\n");
  const Outcome drawn = firn_on_terminal({"top", db(), "--interval", "20ms"}, "", "q", {"TERM=xterm", "NO_COLOR="}, "", true);
  EXPECT_EQ(drawn.status, 0);
  EXPECT_TRUE(drawn.err.find("\033[?1049h\033[?25l\033[H\033[J") != std::string::npos) << drawn.err;
  EXPECT_TRUE(drawn.err.ends_with("\033[?25h\033[?1049l")) << drawn.err;
  EXPECT_NE(drawn.err.find("\033[34m####"), std::string::npos) << drawn.err;
  const Outcome plain = firn_on_terminal({"top", db(), "--interval", "20ms"}, "", "", {"TERM=xterm", "NO_COLOR=1"}, "q ends", true);
  EXPECT_EQ(plain.status, 0) << "interrupted";
  EXPECT_EQ(plain.err.find("\033[34m"), std::string::npos) << plain.err;
  EXPECT_EQ(firn_on_terminal({"top", db(), "-n", "2", "--interval", "10ms"}, "", "", {"TERM=dumb"}, "", true).err.find('\033'),
            std::string::npos);
}

TEST_F(Live, ServeShowsTheWritersTreeAndRefreshes) {
  start_writer(50);
  const std::string writers_url = url_;
  start_server();
  EXPECT_NE(url_, writers_url);
  EXPECT_NE(get("/stats.json").find("\"version\":50,"), std::string::npos);
  EXPECT_NE(get("/metrics").find("firn_read_only{"), std::string::npos);
  EXPECT_EQ(firn({"serve", path("nothing")}).status, 1);
  EXPECT_EQ(firn({"serve", db(), "--port", "99999"}).status, 2);
  const std::string port = url_.substr(url_.rfind(':') + 1);
  EXPECT_EQ(firn({"serve", db(), "--port", port}).status, 5) << "the port is taken";
}

TEST_F(Live, StatGivesPrometheusText) {
  firn_ok({"put", db(), "k", "v"});
  const std::string text = firn_ok({"stat", db(), "--prometheus"});
  EXPECT_TRUE(text.starts_with("# HELP firn_")) << text;
  EXPECT_NE(text.find("# TYPE firn_commit_seconds histogram\n"), std::string::npos) << text;
}

TEST_F(Live, ABrowserShowsThePage) {
  if (std::system("command -v chromium >/dev/null 2>&1") != 0)
    GTEST_SKIP() << "SKIPPED: chromium is not there, so nobody has looked at the page";
  firn_ok({"load", db()}, "a\t1\nb\t2\n");
  start_writer(3000);
  const std::string command = "timeout 60 chromium --headless --no-sandbox --disable-gpu --user-data-dir=" + path("profile") +
                              " --window-size=1000,1100 --screenshot=" + path("page.png") + " --virtual-time-budget=3000 --dump-dom " +
                              url_ + "/ >" + path("dom") + " 2>" + path("chromium.err");
  ASSERT_EQ(std::system(command.c_str()), 0) << read_file(path("chromium.err"));
  const std::string dom = read_file(path("dom"));
  EXPECT_NE(dom.find("data-readings=\""), std::string::npos) << dom;
  EXPECT_NE(dom.find(", durability process, open for "), std::string::npos) << dom;
  EXPECT_NE(dom.find("data-rate=\"commits\""), std::string::npos) << "no second reading: " << dom;
  EXPECT_NE(dom.find("1 memtables over "), std::string::npos) << dom;
  EXPECT_NE(dom.find("class=\"bar\" style=\"width: 100%;\""), std::string::npos) << "no run: " << dom;
  const std::string picture = read_file(path("page.png"));
  EXPECT_TRUE(picture.starts_with("\x89PNG")) << "no picture";
  if (const char* const keep = std::getenv("FIRN_KEEP_SCREENSHOT"); keep != nullptr) write_file(keep, picture);
}

}  // namespace
}  // namespace firn::cli
