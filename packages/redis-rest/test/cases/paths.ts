import type { Case } from './case.ts'

export const paths: readonly Case[] = [
  { name: 'GET', given: [['SET', 'k', 'v']], path: '/get/k', answer: '{"result":"v"}' },
  { name: 'many arguments', path: '/mset/a/1/b/2', answer: '{"result":"OK"}' },
  { name: 'a POST without a body', method: 'POST', path: '/set/k/v', answer: '{"result":"OK"}' },
  { name: 'the body as the last argument', path: '/set/k/', body: '{"a":1}', answer: '{"result":"OK"}' },
  {
    name: 'query parameters after the body',
    since: [6, 2],
    path: '/set/k?EX=100&GET',
    body: 'v',
    answer: '{"result":null}',
  },
  { name: 'an encoded slash', given: [['SET', 'a/b c', 'v']], path: '/get/a%2Fb%20c', answer: '{"result":"v"}' },
  {
    name: 'the token in the query',
    given: [['SET', 'k', 'v']],
    token: null,
    path: '/get/k?_token=secret',
    answer: '{"result":"v"}',
  },
  {
    name: 'bearer in small letters',
    token: null,
    headers: { authorization: 'bearer secret' },
    path: '/ping',
    answer: '{"result":"PONG"}',
  },
  { name: 'a second token', token: 'second', path: '/ping', answer: '{"result":"PONG"}' },
  { name: 'PUT with a body', method: 'PUT', path: '/set/k?EX=100', body: 'v', answer: '{"result":"OK"}' },
  { name: 'PUT without a body', method: 'PUT', path: '/append/k/v', answer: '{"result":1}' },
  {
    name: 'a body that is not the last argument of the path',
    since: [7, 0],
    given: [['SET', 'k', 'v']],
    path: '/set/k/?NX&GET',
    body: 'w',
    answer: '{"result":"v"}',
  },
  {
    name: 'a body of several words as one argument',
    path: '/echo',
    body: 'a b/c?d=e',
    answer: '{"result":"a b/c?d=e"}',
  },
  { name: 'HEAD without a body', method: 'HEAD', path: '/ping', answer: '' },
]
