import type { OpenAPIHono } from '@hono/zod-openapi'
import { z } from 'zod'
import type { ApiEnv } from '../src/api-env.ts'

const Answer = z.object({
  content: z.record(z.string(), z.object({ schema: z.unknown() })).default({}),
  headers: z.record(z.string(), z.object({ required: z.boolean().default(false) })).default({}),
})
const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ responses: z.record(z.string(), Answer) }))),
  components: z.object({ schemas: z.record(z.string(), z.unknown()) }),
})

/** An operation of the document, such as `get /api/v1/analytics/goals`, with a status that it declares. */
export type DocumentedAnswer = { operation: string; status: number }

/** What the OpenAPI document of an application promises about its answers. */
export type Contract = {
  /** Every status of every operation. */
  answers: readonly DocumentedAnswer[]
  /**
   * Holds an answer against the document: its status, media type, headers and every member of its body. What is not cached by an
   * ETag must not be kept by anybody. The body can still be read afterwards. A method or path that is not in the document says nothing.
   *
   * @throws ContractError naming the operation and what is not as declared
   */
  check(method: string, path: string, response: Response): Promise<void>
}

/** An answer that the document does not declare. */
export class ContractError extends Error {
  override readonly name = 'ContractError'
}

type Operation = {
  name: string
  method: string
  pattern: RegExp
  answers: ReadonlyMap<number, { types: ReadonlyMap<string, z.ZodType>; headers: readonly string[] }>
}

const known = new Map<string, Contract>()

/** Reads the contract from an application's document. Applications with the same document share one. */
export function readContract(app: OpenAPIHono<ApiEnv>): Contract {
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: 'test', version: '0' } })
  const text = JSON.stringify(document)
  const contract = known.get(text) ?? toContract(Document.parse(JSON.parse(text)))
  known.set(text, contract)
  return contract
}

function toContract({ paths, components }: z.infer<typeof Document>): Contract {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]): Operation => {
      const answers = Object.entries(responses).map(([status, { content, headers }]) => {
        const types = Object.entries(content).map(
          ([type, { schema }]) => [type, toValidator(schema, components.schemas)] as const,
        )
        const required = Object.keys(headers).filter((name) => headers[name]?.required)
        return [Number(status), { types: new Map(types), headers: required }] as const
      })
      const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)
      return { name: `${method} ${path}`, method, pattern, answers: new Map(answers) }
    }),
  )

  return {
    answers: operations.flatMap(({ name, answers }) =>
      [...answers.keys()].map((status) => ({ operation: name, status })),
    ),
    async check(method, path, response) {
      const { pathname } = new URL(path, 'http://localhost')
      const isHead = method === 'HEAD'
      const asked = isHead ? 'get' : method.toLowerCase()
      const operation = operations.find(({ pattern, ...rest }) => rest.method === asked && pattern.test(pathname))
      if (!operation) return
      const fail = (fault: string) => new ContractError(`${operation.name} answered ${response.status}: ${fault}`)
      const declared = operation.answers.get(response.status)
      if (!declared) throw fail('the status is not declared')
      for (const name of declared.headers) {
        if (!response.headers.has(name)) throw fail(`the header ${name} is missing`)
      }
      const kept = declared.headers.includes('Cache-Status') ? 'private, no-cache' : 'no-store'
      if (response.headers.get('cache-control') !== kept) throw fail(`Cache-Control is not ${kept}`)
      const type = response.headers.get('content-type')?.split(';')[0]
      if (type === undefined && declared.types.size === 0) return
      const validator = declared.types.get(type ?? '')
      if (!validator) throw fail(`the media type ${type} is not declared`)
      if (isHead || !type?.endsWith('json')) return
      const { error } = validator.safeParse(await response.clone().json())
      if (error) throw fail(`the body is not as declared: ${z.prettifyError(error)}`)
    },
  }
}

function toValidator(schema: unknown, schemas: Readonly<Record<string, unknown>>): z.ZodType {
  return z.fromJSONSchema(z.record(z.string(), z.unknown()).parse(toClosed(schema, schemas)))
}

/** The document's schema with what it refers to put in its place, and with no other members than it names. */
function toClosed(schema: unknown, schemas: Readonly<Record<string, unknown>>): unknown {
  if (typeof schema !== 'object' || schema === null) return schema
  if (Array.isArray(schema)) return schema.map((item) => toClosed(item, schemas))
  if ('$ref' in schema) return toClosed(schemas[String(schema.$ref).replace('#/components/schemas/', '')], schemas)
  const closed = Object.entries(schema).map(([name, value]) => [name, toClosed(value, schemas)])
  return { ...('properties' in schema && { additionalProperties: false }), ...Object.fromEntries(closed) }
}
