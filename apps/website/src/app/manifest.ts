import type { MetadataRoute } from 'next'

export default function manifest(): MetadataRoute.Manifest {
  return {
    name: 'Headwater',
    short_name: 'Headwater',
    start_url: '/',
    display: 'browser',
    background_color: '#f1f4f0',
    theme_color: '#084a5d',
    icons: [{ src: '/icon.svg', sizes: 'any', type: 'image/svg+xml' }],
  }
}
