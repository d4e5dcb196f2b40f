// Just enough HTTP/1.1 for a page on loopback: a server that answers GET, one connection at a time, and a client for it. No keep-alive.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <thread>

namespace firn::cli {

struct HttpAnswer {
  int status = 200;
  const char* content_type = "text/plain; charset=utf-8";
  std::string body;
};

// Listens on 127.0.0.1 only. Requests whose Host is not this machine's loopback get 403, so that a page from elsewhere cannot read along (DNS rebinding).
class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(std::string_view path)>;  // without the query; called by the serving thread

  // port 0: any that is free. Throws Failure.
  HttpServer(uint16_t port, Handler handler);
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const { return port_; }
  void serve_until_interrupted();
  void start();  // the same in a thread, until the destructor

 private:
  void serve(const std::function<bool()>& is_over);
  void answer(int fd) const;

  Handler handler_;
  int fd_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> is_stopped_{false};
  std::thread thread_;
};

// The body at http://HOST[:PORT]/PATH. Throws Failure: FIRN_INVALID (another kind of address), FIRN_NOT_FOUND (404), FIRN_IO.
std::string http_get(const std::string& url);

}  // namespace firn::cli
