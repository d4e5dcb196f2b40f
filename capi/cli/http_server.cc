#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "failure.h"
#include "http.h"
#include "interrupt.h"
#include "output.h"

namespace firn::cli {
namespace {

constexpr size_t kRequestBytesMax = 8192;
constexpr int kPollMs = 200;  // how late an interrupt is noticed
constexpr timeval kServerPatience{2, 0};

const char* reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    default:
      return "Internal Server Error";
  }
}

bool is_loopback_host(std::string_view host) {
  const std::string_view name = host.substr(0, host.rfind(':') == std::string_view::npos ? host.size() : host.rfind(':'));
  return name == "127.0.0.1" || name == "localhost";
}

// The value of the header, without white space around it; empty: it is not there. `name` in lower case, with its colon.
std::string_view header_of(std::string_view request, std::string_view name) {
  for (size_t at = request.find("\r\n"); at != std::string_view::npos; at = request.find("\r\n", at + 2)) {
    const std::string_view line = request.substr(at + 2, request.find("\r\n", at + 2) - at - 2);
    if (line.size() < name.size()) continue;
    const bool is_it =
        std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
    if (!is_it) continue;
    const size_t begin = line.find_first_not_of(" \t", name.size());
    return begin == std::string_view::npos ? std::string_view() : line.substr(begin, line.find_last_not_of(" \t") + 1 - begin);
  }
  return {};
}

// Up to the empty line; empty when the client goes away, takes too long or says too much.
std::string read_request(int fd) {
  std::string request;
  char chunk[2048];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t got = ::recv(fd, chunk, sizeof chunk, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || request.size() + static_cast<size_t>(got) > kRequestBytesMax) return {};
    request.append(chunk, static_cast<size_t>(got));
  }
  return request;
}

HttpAnswer answer_to(std::string_view request, const HttpServer::Handler& handler) {
  const size_t method_end = request.find(' ');
  const size_t target_end = request.find(' ', method_end + 1);
  if (method_end == std::string_view::npos || target_end == std::string_view::npos) return {400, "text/plain", "not a request\n"};
  if (request.substr(0, method_end) != "GET") return {405, "text/plain", "only GET\n"};
  if (!is_loopback_host(header_of(request, "host:"))) return {403, "text/plain", "only for this machine\n"};
  const std::string_view target = request.substr(method_end + 1, target_end - method_end - 1);
  try {
    return handler(target.substr(0, target.find('?')));
  } catch (const Failure& failure) {
    return {500, "text/plain", failure.message + "\n"};
  }
}

}  // namespace

HttpServer::HttpServer(uint16_t port, Handler handler) : handler_(std::move(handler)) {
  fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd_ < 0) throw system_failure("cannot make a socket", "127.0.0.1", errno);
  const int on = 1;
  ::setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  socklen_t length = sizeof address;
  if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) != 0 || ::listen(fd_, 16) != 0 ||
      ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    const int os_errno = errno;
    ::close(fd_);
    throw system_failure("cannot listen", "127.0.0.1:" + std::to_string(port), os_errno);
  }
  port_ = ntohs(address.sin_port);
}

HttpServer::~HttpServer() {
  is_stopped_.store(true);
  if (thread_.joinable()) thread_.join();
  ::close(fd_);
}

void HttpServer::serve_until_interrupted() { serve(is_interrupted); }

void HttpServer::start() {
  thread_ = std::thread([this] { serve([this] { return is_stopped_.load(); }); });
}

void HttpServer::serve(const std::function<bool()>& is_over) {
  while (!is_over()) {
    pollfd waiting{fd_, POLLIN, 0};
    if (::poll(&waiting, 1, kPollMs) <= 0) continue;
    const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kServerPatience, sizeof kServerPatience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kServerPatience, sizeof kServerPatience);
    answer(fd);
    ::close(fd);
  }
}

void HttpServer::answer(int fd) const {
  const std::string request = read_request(fd);
  if (request.empty()) return;
  const HttpAnswer answer = answer_to(request, handler_);
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " " + reason_of(answer.status) +
                     "\r\nContent-Type: " + answer.content_type + "\r\nContent-Length: " + std::to_string(answer.body.size()) +
                     "\r\nConnection: close\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
                     "Content-Security-Policy: default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src "
                     "'unsafe-inline'; img-src data:\r\n\r\n";
  text += answer.body;
  write_fully(fd, text);
  ::shutdown(fd, SHUT_WR);
}

}  // namespace firn::cli
