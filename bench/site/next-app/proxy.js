import { NextResponse } from 'next/server'
import { toWay, visitorOf } from './ways.js'

/** What comes before the route in each way. @param {import('next/server').NextRequest} request */
export async function proxy(request) {
  const [, way, route] = request.nextUrl.pathname.split('/')
  if (route !== 'stats' && route !== 'join') return NextResponse.next()
  const isAllowed = await toWay(way).before(route, visitorOf(request))
  return isAllowed ? NextResponse.next() : new NextResponse(null, { status: 429 })
}
