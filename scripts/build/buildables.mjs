/**
 * @typedef {object} Buildable
 * @property {string} folder relative to the repository
 * @property {readonly string[]} inputs what the build reads, relative to the folder
 * @property {readonly string[]} args what the build is told besides: types are checked by `npm run ok`, not at every start
 * @property {string} stamp the file in the build's output that holds the hash of what it was built from
 * @property {readonly BuildName[]} needs builds that this one imports
 * @typedef {'millpond' | 'millpond-rest' | 'cloud-brain' | 'website'} BuildName
 */

const compiled = /** @type {const} */ ({
  inputs: [
    ...['src', 'package.json', 'tsconfig.json', 'tsconfig.build.json'],
    ...['build-package', 'minify-lua', 'minify-templates', 'replace-folder'].map(
      (name) => `../../scripts/build/${name}.mjs`,
    ),
  ],
  args: ['--noCheck'],
  stamp: 'dist/.source-hash',
})

/** Every build of this repository. @satisfies {Record<BuildName, Buildable>} */
export const buildables = /** @type {Record<BuildName, Buildable>} */ ({
  millpond: { folder: 'packages/millpond', ...compiled, needs: [] },
  'millpond-rest': { folder: 'packages/redis-rest', ...compiled, needs: [] },
  'cloud-brain': {
    folder: 'apps/cloud-brain',
    ...compiled,
    args: ['--noCheck', '--declaration', 'false'],
    needs: ['millpond'],
  },
  website: {
    folder: 'apps/website',
    // Next bundles the packages that have no build of their own too.
    inputs: ['.', '../../packages/folder-lock', '../../packages/postgres-pool'],
    args: [],
    stamp: '.next/.source-hash',
    needs: ['millpond'],
  },
})

/** What tests and `npm run dev` need. @type {readonly BuildName[]} */
export const withoutSite = ['millpond', 'millpond-rest', 'cloud-brain']

/** What `npm start` needs. @type {readonly BuildName[]} */
export const withSite = [...withoutSite, 'website']
