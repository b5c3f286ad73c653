/* An HTTP server on the loopback interface, one thread a connection, that answers as a test says.
 * C99 and C++. */
// clang-format Language: C
#ifndef COSTMARK_TESTS_CAPI_SERVER_H
#define COSTMARK_TESTS_CAPI_SERVER_H

#include <stdbool.h>
#include <stddef.h>

typedef struct server server;

/* One request that has come whole. Its texts live until the handler returns. */
typedef struct {
  int number; /* of the server, from 1 */
  const char *method;
  const char *target;
  const char *fields; /* the lines of the header */
  const char *body;   /* followed by a NUL */
  size_t body_len;
} server_request;

/* Answers on `connection` and returns whether it is to be kept. Runs on the connection's thread,
 * several at once. */
typedef bool (*server_handler)(void *user_data, const server_request *request, int connection);

/* NULL when there are no sockets to be had. */
server *server_start(server_handler handler, void *user_data);
/* Breaks off what is open, waits for handlers to return, ends the server. */
void server_stop(server *self);

int server_port(const server *self);
int server_connections(server *self); /* that were accepted so far */
int server_requests(server *self);    /* that came whole so far */
int server_open(server *self);        /* connections that are open now */

/* "http://127.0.0.1:PORT" and a path. `out` needs room for 40 bytes and the path. */
const char *server_url(const server *self, const char *path, char *out);

/* Sends bytes; false when the peer is gone. */
bool server_send(int connection, const char *data, size_t len);
/* Sends a whole answer with a Content-Length. `fields`: further lines, each with its line break. */
bool server_answer(int connection, int status, const char *type, const char *fields,
                   const char *body);
/* Sends the head of an answer whose body comes in chunks; then one chunk; "" ends the body. */
bool server_begin(int connection, int status, const char *type);
bool server_chunk(int connection, const char *data);
/* Waits until the peer has closed or sent something, at most so many milliseconds. */
void server_wait(int connection, int ms);

/* Whether a request carries a field, such as "\r\nIdempotency-Key: k\r\n". */
bool server_has(const server_request *request, const char *line);

#endif
