/** A living process has the folder. */
export declare class FolderLockedError extends Error {
  readonly code: 'ERR_FOLDER_LOCKED'
  readonly folder: string
  readonly pid: number
}

/** A folder that belongs to this process until `release`, or until the process ends. */
export interface FolderLock {
  release(): Promise<void>
}

/**
 * Takes a folder for this process. A lock whose process has died is taken over, by exactly one of any number that try; so is one with our own pid that we do not
 * hold, which in a restarted container is from the life before. Locks lie in
 * `<folder>.locks/`, of the folder that is reached when the name holds symbolic links.
 *
 * @throws {FolderLockedError} when a living process has it, this one included
 */
export declare function lockFolder(folder: string): Promise<FolderLock>

/** Makes a folder and those above it, where they are not there yet; an error of the file system names why it cannot, also below /proc. */
export declare function makeFolder(folder: string): Promise<void>
