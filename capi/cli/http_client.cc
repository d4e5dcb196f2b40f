#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>

#include "failure.h"
#include "http.h"
#include "output.h"

namespace firn::cli {
namespace {

constexpr std::string_view kScheme = "http://";
constexpr size_t kAnswerBytesMax = size_t{64} << 20;
constexpr timeval kClientPatience{5, 0};

struct Address {
  std::string host;
  std::string port = "80";
  std::string path = "/";
};

Address address_of(const std::string& url) {
  if (!url.starts_with(kScheme)) throw usage_failure("'" + url + "' does not begin with http://");
  Address address;
  const size_t slash = url.find('/', kScheme.size());
  const std::string authority = url.substr(kScheme.size(), slash == std::string::npos ? slash : slash - kScheme.size());
  if (slash != std::string::npos) address.path = url.substr(slash);
  const size_t colon = authority.rfind(':');
  address.host = authority.substr(0, colon);
  if (colon != std::string::npos) address.port = authority.substr(colon + 1);
  if (address.host.empty() || address.port.empty()) throw usage_failure("'" + url + "' names no host or no port");
  return address;
}

int connect_to(const Address& address, const std::string& url) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(address.host.c_str(), address.port.c_str(), &wanted, &found); code != 0)
    throw Failure{FIRN_IO, std::string("cannot find the host: ") + ::gai_strerror(code), url};
  int fd = -1;
  int os_errno = ECONNREFUSED;
  for (const addrinfo* at = found; at != nullptr && fd < 0; at = at->ai_next) {
    fd = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
    if (fd < 0) continue;
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kClientPatience, sizeof kClientPatience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &kClientPatience, sizeof kClientPatience);
    if (::connect(fd, at->ai_addr, at->ai_addrlen) == 0) break;
    os_errno = errno;
    ::close(fd);
    fd = -1;
  }
  ::freeaddrinfo(found);
  if (fd < 0)
    throw Failure{FIRN_IO, "nobody answers: is the program that serves it running? (errno " + std::to_string(os_errno) + ")", url};
  return fd;
}

std::string read_all(int fd, const std::string& url) {
  std::string answer;
  char chunk[16384];
  for (;;) {
    const ssize_t got = ::recv(fd, chunk, sizeof chunk, 0);
    if (got == 0) return answer;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw system_failure("cannot read the answer", url, errno);
    answer.append(chunk, static_cast<size_t>(got));
    if (answer.size() > kAnswerBytesMax) throw Failure{FIRN_TOO_LARGE, "the answer is over 64 MiB", url};
  }
}

}  // namespace

std::string http_get(const std::string& url) {
  const Address address = address_of(url);
  const int fd = connect_to(address, url);
  std::string answer;
  try {
    if (!write_fully(fd, "GET " + address.path + " HTTP/1.0\r\nHost: " + address.host + ":" + address.port + "\r\n\r\n"))
      throw system_failure("cannot ask", url, errno);
    answer = read_all(fd, url);
  } catch (...) {
    ::close(fd);
    throw;
  }
  ::close(fd);
  const size_t body = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || answer.size() < 12 || body == std::string::npos)
    throw Failure{FIRN_IO, "the answer is not HTTP", url};
  const std::string status = answer.substr(9, 3);
  if (status != "200") throw Failure{status == "404" ? FIRN_NOT_FOUND : FIRN_IO, "the server answers " + status, url};
  return answer.substr(body + 4);
}

}  // namespace firn::cli
