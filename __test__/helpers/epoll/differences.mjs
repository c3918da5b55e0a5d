/** Where ours differs from the package `epoll`, and why: docs/epoll.md says it in these words. @type {Readonly<Record<string, string>>} */
export const differences = {
  'whether 64 that are ready are told in one round of the loop':
    'All that is ready is told in one round of the loop, not one descriptor.',
  'what was fetched before modify': 'What was found before modify, remove or close is not told any more.',
  'what was fetched before remove and add':
    'What was found before modify, remove or close is not told any more.',
  'in a Worker': 'It works in Workers, in several at once and beside the main thread.',
  'in a Worker, after the main thread': 'It works in Workers, in several at once and beside the main thread.',
  'a number that was closed without being removed, and is added by another instance':
    'A number that is used again belongs to who added it last.',
  'close, when a descriptor was closed before':
    'close always closes everything, also what was closed before, and does not throw for it.',
  'remove of what was closed before, and the end of the process':
    'remove of a descriptor that was closed before throws EBADF as it does there, and still ends the watch.',
  'a descriptor that was closed while a duplicate lives':
    'remove of a descriptor that was closed before throws EBADF as it does there, and still ends the watch.',
  'remove by an instance that did not add':
    'remove by another instance than added it removes it, and does not abort the process.',
  'a call without new': 'A call without new is a TypeError, and does not abort the process.',
  'the store that a callback sees': 'A callback sees the AsyncLocalStorage of its constructor.',
}
