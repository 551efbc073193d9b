"""The live engine: a room is a log in the database, a socket is a cursor over it. Knows no HTTP.

`log` is the log. `writer` gathers what sockets want written. `hub` holds what was written last and hands it to its
listeners. `process` keeps the hubs of this process, hears of news through `bus` and, once a second, looks for itself.
`protocol` is the shape of what goes over a socket.
"""
